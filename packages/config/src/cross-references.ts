import { oauthProblems } from './oauth.ts';
import { knownNames } from './parse.ts';
import type { ConfigProblem, PathPart } from './problem.ts';
import { pathText } from './problem.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What no single field can tell: ids that lead nowhere, two servers of one name, a server with no or two ways to
 * reach it. Works on the file as read and passes over what has the wrong form, so that both kinds of problem are
 * told at once.
 */
export function crossReferences(file: Fields): readonly ConfigProblem[] {
  return [...projectProblems(file), ...keyProblems(file), ...serverProblems(file)];
}

function projectProblems(file: Fields): readonly ConfigProblem[] {
  const configs = Object.keys(fieldsOf(file['mcp_configs']));
  return Object.entries(fieldsOf(file['projects'])).flatMap(([id, project]) => {
    const configId = fieldsOf(project)['mcp_config_id'];
    return dangling({ path: ['projects', id, 'mcp_config_id'], id: configId, known: configs, section: 'mcp_configs' });
  });
}

function keyProblems(file: Fields): readonly ConfigProblem[] {
  const projects = fieldsOf(file['projects']);
  const users = Object.keys(fieldsOf(file['users']));
  return Object.entries(fieldsOf(file['apikeys'])).flatMap(([key, entry], index) => {
    const at = ['apikeys', `<key ${index + 1}>`];
    const { project_id: projectId, user_id: userId } = fieldsOf(entry);
    const project = typeof projectId === 'string' ? projects[projectId] : undefined;
    const problems = [
      ...dangling({ path: [...at, 'project_id'], id: projectId, known: Object.keys(projects), section: 'projects' }),
      ...dangling({ path: [...at, 'user_id'], id: userId, known: users, section: 'users' }),
    ];
    if (project !== undefined && typeof fieldsOf(project)['mcp_config_id'] !== 'string') {
      const takes = 'a project that has an mcp_config_id';
      problems.push({ path: pathText([...at, 'project_id']), got: `"${projectId}", which has none`, takes });
    }
    if (!/^[\x21-\x7e]{1,512}$/.test(key)) {
      const takes = 'a key of 1 to 512 printable ASCII characters without spaces: it travels in a header';
      problems.push({ path: pathText(at), got: `a key of ${key.length} characters`, takes });
    }
    return problems;
  });
}

function serverProblems(file: Fields): readonly ConfigProblem[] {
  return Object.entries(fieldsOf(file['mcp_configs'])).flatMap(([id, config]) => {
    const servers = listOf(fieldsOf(config)['mcp_config']).map(fieldsOf);
    const names = servers.map((server) => server['server_name']);
    return servers.flatMap((server, index) => {
      const at: PathPart[] = ['mcp_configs', id, 'mcp_config', index];
      const problems = [...connectionProblems(server['config'], [...at, 'config']), ...oauthProblems(server, at)];
      const name = names[index];
      const first = names.indexOf(name);
      if (typeof name !== 'string' || first === index) {
        return problems;
      }
      const got = `"${name}", which mcp_config[${first}] is called already`;
      return [...problems, { path: pathText([...at, 'server_name']), got, takes: 'a name no other server here has' }];
    });
  });
}

function connectionProblems(connection: unknown, at: readonly PathPart[]): readonly ConfigProblem[] {
  if (typeof connection !== 'object' || connection === null) {
    return [];
  }
  const { command, args, env, cwd, url, headers, type } = fieldsOf(connection);
  const path = pathText(at);
  const takes = 'a command (with args, env, cwd), or a url (with headers)';
  if (command === undefined && url === undefined) {
    return [{ path, got: 'neither a command nor a url', takes }];
  }
  if (command !== undefined && url !== undefined) {
    return [{ path, got: 'both a command and a url', takes }];
  }
  const misplaced = Object.entries(url === undefined ? { headers } : { args, env, cwd })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => ({
      path: `${path}.${name}`,
      got: `a field that a ${url === undefined ? 'command' : 'url'} has no use for`,
      takes,
    }));
  const typeTakes = url === undefined ? 'stdio' : 'http or streamable-http';
  const wrongType = typeof type === 'string' && !typeTakes.split(' or ').includes(type);
  return wrongType ? [...misplaced, { path: `${path}.type`, got: `"${type}"`, takes: typeTakes }] : misplaced;
}

interface Reference {
  readonly path: readonly PathPart[];
  readonly id: unknown;
  readonly known: readonly string[];
  readonly section: string;
}

function dangling({ path, id, known, section }: Reference): ConfigProblem[] {
  if (typeof id !== 'string' || known.includes(id)) {
    return [];
  }
  const takes =
    known.length === 0 ? `an id in ${section}, which is empty` : `an id in ${section}; ${knownNames(id, known)}`;
  return [{ path: pathText(path), got: `"${id}", which ${section} has not`, takes }];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
