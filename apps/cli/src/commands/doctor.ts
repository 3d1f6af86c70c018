import type { Command } from 'commander';
import { givenUrls, tokenOf } from '../connection.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding, Verdict } from '../doctor/finding.ts';
import { EXIT_CODES, worstOf } from '../doctor/finding.ts';
import { writeDocument } from '../output/document.ts';
import { Progress } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { visible } from '../output/visible.ts';
import type { Style, Terminal } from '../terminal.ts';
import { styled } from '../terminal.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples } from './node-command.ts';

interface DoctorOptions extends NodeCommandOptions {
  readonly config?: string;
}

const STYLES: Readonly<Record<Verdict, Style>> = { ok: 'green', warn: 'yellow', fail: 'red', skipped: 'dim' };

/** `lockstep doctor`: looks at what a node needs, without a running one, and says what is wrong and what to do. */
export function addDoctor(parent: Command, context: CommandContext): void {
  const { terminal, signal, finish } = context;
  const command = parent
    .command('doctor')
    .description('Looks at what a node needs, and says what is wrong and what to do; needs no running node.')
    .option('--config <file>', "the node's configuration (else LOCKSTEP_CONFIG)");
  withExamples(speaksToNode(command), ['doctor --config gateway.json', 'doctor --config gateway.json --json']).action(
    async (options: DoctorOptions) => {
      const token = tokenOf(options, terminal);
      const [url] = givenUrls(options, terminal);
      const progress = new Progress(terminal);
      progress.show('looking …');
      try {
        const findings = await examine(
          {
            file: options.config,
            environment: terminal.environment,
            admin: { url, token },
            secretFiles: options.tokenFile === undefined ? [] : [options.tokenFile],
          },
          signal,
        );
        progress.clear();
        const verdict = worstOf(findings);
        if (options.json === true) writeDocument(terminal, { verdict, findings });
        else terminal.stdout.write(findingsText(findings, terminal));
        finish(EXIT_CODES[verdict]);
      } finally {
        progress.clear();
      }
    },
  );
}

/** Findings as people read them: one a line, and under it what to do. */
function findingsText(findings: readonly Finding[], { stdout }: Terminal): string {
  const rows = findings.map(({ area, check, verdict, found }) => [
    { text: verdict, style: STYLES[verdict] },
    area,
    check,
    found,
  ]);
  const [head, ...lines] = table(stdout, ['verdict', 'area', 'check', 'found'], rows).split('\n');
  const told = findings.flatMap(({ advice }, at) => [
    lines[at] as string,
    ...(advice === undefined ? [] : [styled(stdout, 'cyan', `         → ${visible(advice)}`)]),
  ]);
  return `${[head, ...told].join('\n')}\n`;
}
