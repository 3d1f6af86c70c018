/** One thing that is wrong in a configuration. */
export interface ConfigProblem {
  /** Where: the path of the field in the file (`mcp_configs.main.mcp_config[0].config.url`), or the variable's name. */
  readonly path: string;
  /** What was found there, secrets masked. */
  readonly got: string;
  /** What the field takes. */
  readonly takes: string;
}

/** A part of a field's path: a name, or an index into a list. */
export type PathPart = string | number;

/** Writes a path as people do: names with dots, indexes in brackets. */
export function pathText(parts: readonly PathPart[]): string {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'number') {
      text += `[${part}]`;
    } else {
      text += text === '' ? part : `.${part}`;
    }
  }
  return text === '' ? '(the whole file)' : text;
}

/** All problems as text for a terminal, one a paragraph, in the order given. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map(({ path, got, takes }) => `  ${path}\n    got:   ${got}\n    takes: ${takes}`);
  return `The configuration cannot be used: ${count}.\n${lines.join('\n')}\n`;
}
