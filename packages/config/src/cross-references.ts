import { createHash } from 'node:crypto';
import { oauthProblems } from './oauth.ts';
import { knownNames } from './parse.ts';
import type { ConfigProblem, PathPart } from './problem.ts';
import { pathText } from './problem.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What no single field can tell: ids that lead nowhere, two gateways of one id, two servers of one name, a server with
 * no or two ways to reach it, two names of one admin token. Works on the file as read and passes over what has the wrong form, so that both kinds of problem are
 * told at once.
 */
export function crossReferences(file: Fields): readonly ConfigProblem[] {
  return [
    ...projectProblems(file),
    ...keyProblems(file),
    ...sharedIds(file),
    ...serverProblems(file),
    ...sharedTokens(file),
  ];
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

/** Ids of users, projects and configs may have `_` in them, and so may make one gateway's id of two users' parts. */
function sharedIds(file: Fields): readonly ConfigProblem[] {
  const projects = fieldsOf(file['projects']);
  const first = new Map<string, { readonly parts: string; readonly number: number }>();
  return Object.values(fieldsOf(file['apikeys'])).flatMap((entry, index) => {
    const { project_id: projectId, user_id: userId } = fieldsOf(entry);
    const configId = fieldsOf(projects[String(projectId)])['mcp_config_id'];
    const ids = [userId, projectId, configId];
    if (!ids.every((id) => typeof id === 'string')) return [];
    const [gateway, parts, number] = [ids.join('_'), JSON.stringify(ids), index + 1];
    const other = first.get(gateway);
    if (other === undefined) first.set(gateway, { parts, number });
    if (other === undefined || other.parts === parts) return [];
    const got = `the gateway "${gateway}", as <key ${other.number}> of another user, project or mcp_config`;
    const takes = "ids that together are no other gateway's <user id>_<project id>_<config id>";
    return [{ path: pathText(['apikeys', `<key ${number}>`]), got, takes }];
  });
}

/** One token under two names would have the role and the limits of either. */
function sharedTokens(file: Fields): readonly ConfigProblem[] {
  const first = new Map<string, string>();
  return Object.entries(fieldsOf(file['admin_tokens'])).flatMap(([name, entry]) => {
    const { token, token_sha256: digest } = fieldsOf(entry);
    const held = typeof token === 'string' ? createHash('sha256').update(token).digest('hex') : digest;
    if (typeof held !== 'string') return [];
    const other = first.get(held);
    if (other === undefined) first.set(held, name);
    if (other === undefined) return [];
    return [{ path: pathText(['admin_tokens', name]), got: `the token of ${other}`, takes: 'a token of its own' }];
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
