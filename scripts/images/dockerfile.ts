import type { Copy, Healthcheck, Instruction, PropertyInstruction } from 'dockerfile-ast';
import { DockerfileParser } from 'dockerfile-ast';

/** One instruction of a stage, with what it takes to run it outside a container. */
export type Step =
  | { readonly kind: 'run'; readonly script: string }
  | {
      readonly kind: 'copy';
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly to: string;
    }
  | { readonly kind: 'workdir'; readonly path: string }
  | { readonly kind: 'user'; readonly ids: string }
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'env' | 'arg' | 'label'; readonly entries: readonly (readonly [string, string])[] }
  | { readonly kind: 'cmd' | 'entrypoint' | 'healthcheck'; readonly command: readonly string[] };

/** A stage: what it starts from, an image or a stage before it, and what is done then. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Step[];
}

/** Reads the stages of a Dockerfile; throws at an instruction, or a form of one, that cannot be run here. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { name: string; base: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', as = '', name = ''] = wordsOf(instruction);
      if (as.toUpperCase() !== 'AS' || name === '') throw new Error(`FROM ${base}: every stage has a name here`);
      stages.push({ name, base, steps: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${instruction.getKeyword()} before FROM cannot be run here`);
      stage.steps.push(stepOf(instruction));
    }
  }
  return stages;
}

function stepOf(instruction: Instruction): Step {
  const keyword = instruction.getKeyword();
  const words = wordsOf(instruction);
  switch (keyword) {
    case 'RUN':
      return { kind: 'run', script: instruction.getRawArgumentsContent() ?? '' };
    case 'COPY':
      return copyOf(instruction as Copy);
    case 'WORKDIR':
      return { kind: 'workdir', path: words.join(' ') };
    case 'USER':
      return { kind: 'user', ids: words.join(' ') };
    case 'EXPOSE':
      return { kind: 'expose', ports: words };
    case 'ENV':
    case 'ARG':
    case 'LABEL': {
      const properties = (instruction as PropertyInstruction).getProperties();
      const entries = properties.map((property) => [property.getName(), property.getValue() ?? ''] as const);
      return { kind: keyword.toLowerCase() as 'env' | 'arg' | 'label', entries };
    }
    case 'CMD':
    case 'ENTRYPOINT':
      return {
        kind: keyword.toLowerCase() as 'cmd' | 'entrypoint',
        command: execForm(keyword, instruction.getRawArgumentsContent()),
      };
    case 'HEALTHCHECK': {
      const subcommand = (instruction as Healthcheck).getSubcommand()?.getValue();
      if (subcommand !== 'CMD') throw new Error(`HEALTHCHECK ${subcommand} cannot be run here`);
      return {
        kind: 'healthcheck',
        command: execForm(keyword, instruction.getRawArgumentsContent()?.slice('CMD'.length)),
      };
    }
    default:
      throw new Error(`${keyword} cannot be run here`);
  }
}

function copyOf(instruction: Copy): Step {
  const others = instruction.getFlags().filter((flag) => flag.getName() !== 'from');
  if (others.length > 0) throw new Error(`COPY ${others.join(' ')} cannot be run here`);
  const words = wordsOf(instruction);
  return {
    kind: 'copy',
    from: instruction.getFromFlag()?.getValue() ?? undefined,
    sources: words.slice(0, -1),
    to: words.at(-1) ?? '',
  };
}

/** A command as a list: what runs without a shell, and so gets the signals itself. */
function execForm(keyword: string, text: string | null | undefined): readonly string[] {
  try {
    return JSON.parse(text ?? '') as string[];
  } catch (cause) {
    throw new Error(`${keyword} ${text}: its command is a JSON list here`, { cause });
  }
}

function wordsOf(instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue());
}
