/** One option, as its interface declares it. */
interface Option {
  readonly name: string;
  readonly meaning: string;
  readonly byDefault: string;
}

/** The table of the options that these interfaces of a source declare; throws where one has no default in its comment. */
export function optionTable(source: string, interfaces: readonly string[]): string {
  const rows = interfaces
    .flatMap((name) => optionsOf(source, name))
    .map(({ name, meaning, byDefault }) => `| \`${name}\` | ${meaning} | ${byDefault} |`);
  return ['| option | meaning | default |', '| --- | --- | --- |', ...rows].join('\n');
}

function optionsOf(source: string, name: string): readonly Option[] {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`no interface ${name}`);
  return [...body.matchAll(/ {2}\/\*\*([\s\S]*?)\*\/\n {2}readonly (\w+)\??:/g)].map(
    ([, comment = '', option = '']) => {
      const text = comment
        .replaceAll(/\n\s*\* ?/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim();
      const [, meaning, byDefault] = /^(.*?)\s*Default: (.*?)\.?$/.exec(text) ?? [];
      if (meaning === undefined || byDefault === undefined) throw new Error(`${name}.${option}: says no default`);
      return { name: option, meaning: cell(meaning.replace(/\.$/, '')), byDefault: cell(byDefault) };
    },
  );
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
