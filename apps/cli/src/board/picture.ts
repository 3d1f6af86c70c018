import { scopeText } from '../commands/audit.ts';
import type { Cell } from '../output/table.ts';
import { table } from '../output/table.ts';
import { bytesText, counted, durationText } from '../output/units.ts';
import type { Style, Terminal } from '../terminal.ts';
import { styled } from '../terminal.ts';
import type { Column } from './columns.ts';
import { fitting, wrapped } from './columns.ts';
import type { ClearLine, Frame, Lookups, Mark, NamespaceLine, NodeLine } from './frame.ts';

const TITLE = 'lockstep top';
const BAR = 10;
const ID_CHARACTERS = 8;
/** Clears that are shown before namespaces are, where there is little room. */
const CLEARS_MIN = 3;

/** How large a picture may be; and what it says beside the frame. */
export interface PictureOptions {
  readonly columns: number;
  readonly rows: number;
  /** Of whoever runs the board. */
  readonly note: string | undefined;
  readonly hasKeys: boolean;
}

/** A frame as lines of text for a stream. Columns that find no room are left out, the least important first. */
export function picture(frame: Frame, stream: Terminal['stdout'], options: PictureOptions): readonly string[] {
  const { columns, rows, note, hasKeys } = options;
  const lines = <Row>(of: readonly Column<Row>[], from: readonly Row[], room: number): readonly string[] => {
    const { headings, cells } = fitting(of, from.slice(0, Math.max(0, room)), columns);
    return table(stream, headings, cells).trimEnd().split('\n');
  };
  const head = [
    ...title(frame, { stream, columns }),
    '',
    ...lines(nodeColumns(frame.nodes), numbered(frame.nodes), frame.nodes.length),
  ];
  const notes = note === undefined ? [] : wrapped(note, columns).map((line) => styled(stream, 'cyan', line));
  const said = wrapped([...legend(frame), ...(hasKeys ? ['q: end.'] : [])].join(' '), columns);
  // Each table has a blank line before it, and headings.
  const left = rows - head.length - 2 - (notes.length + 1);
  const foot = [...(left - said.length < CLEARS_MIN ? [] : said.map((line) => styled(stream, 'dim', line))), ...notes];
  const room = rows - head.length - 2 - (foot.length === 0 ? 0 : foot.length + 1);
  const busy = frame.namespaces.filter(({ hitRatio, entries }) => hitRatio !== null || entries > 0);
  const names = Math.min(busy.length, Math.max(0, room - 2 - CLEARS_MIN));
  const namespaces = names === 0 ? [] : ['', ...lines(namespaceColumns(), busy, names)];
  const clears = ['', ...clearLines(frame, stream, (from, at) => lines(at, from, room - namespaces.length))];
  return [...head, ...namespaces, ...clears, ...(foot.length === 0 ? [] : ['', ...foot])];
}

function title(
  { at, nodes, recentMs }: Frame,
  { stream, columns }: { readonly stream: Terminal['stdout']; readonly columns: number },
): readonly string[] {
  const bound = nodes.find(({ stalenessBoundMs }) => stalenessBoundMs !== null)?.stalenessBoundMs;
  const coherent = nodes.filter(({ state }) => state === 'coherent').length;
  const of = bound === undefined || bound === null ? '' : `, staleness of at most ${durationText(bound)} (Δ)`;
  const figures = `${counted(nodes.length, 'node')}, ${coherent} coherent${of}; recent: the last ${durationText(recentMs)}`;
  const [first = '', ...others] = wrapped(`${TITLE}  ${clock(at)}  ${figures}`, columns);
  return [`${styled(stream, 'bold', TITLE)}${first.slice(TITLE.length)}`, ...others];
}

type Numbered = NodeLine & { readonly number: string };

/** Nodes with the number that stands above their marks; `~`: seen through another one. */
function numbered(nodes: readonly NodeLine[]): readonly Numbered[] {
  return nodes.map((node, at) => ({ ...node, number: `${at + 1}${node.url === null ? '~' : ''}` }));
}

function nodeColumns(nodes: readonly NodeLine[]): readonly Column<Numbered>[] {
  const why: Column<Numbered> = { heading: 'why', rank: 1, cell: ({ reason }) => reason ?? '' };
  return [
    { heading: '#', rank: 0, cell: ({ number }) => number },
    { heading: 'node', rank: 0, cell: ({ id, url }) => id?.slice(0, ID_CHARACTERS) ?? url ?? '' },
    { heading: 'state', rank: 0, cell: stateCell },
    { heading: 'staleness of Δ', rank: 3, cell: stalenessCell },
    ...lookupColumns(),
    { heading: 'violations', rank: 4, cell: ({ violations }) => violationsCell(violations) },
    ...(nodes.some(({ reason }) => reason !== undefined) ? [why] : []),
  ];
}

function namespaceColumns(): readonly Column<NamespaceLine>[] {
  return [{ heading: 'namespace', rank: 0, cell: ({ name }) => name }, ...lookupColumns()];
}

function lookupColumns(): readonly Column<Lookups>[] {
  return [
    { heading: 'recent hits', rank: 0, cell: ({ recentHitRatio }) => ratioCell(recentHitRatio) },
    { heading: 'hits', rank: 6, cell: ({ hitRatio }) => percent(hitRatio) },
    { heading: 'lookups/s', rank: 2, cell: ({ recentPerSecond }) => recentPerSecond?.toFixed(1) ?? '' },
    { heading: 'loads', rank: 5, cell: ({ loads }) => String(loads) },
    { heading: 'entries', rank: 7, cell: ({ entries }) => String(entries) },
    { heading: 'size', rank: 8, cell: ({ bytes }) => bytesText(bytes) },
  ];
}

function clearLines(
  { clears, nodes }: Frame,
  stream: Terminal['stdout'],
  lines: (from: readonly ClearLine[], at: readonly Column<ClearLine>[]) => readonly string[],
): readonly string[] {
  if (clears.length === 0) return [styled(stream, 'dim', 'No clear yet since this board is up.')];
  const marks = numbered(nodes).map(
    ({ number }, at): Column<ClearLine> => ({
      heading: `node ${number}`,
      rank: 0,
      cell: (clear) => markCell(clear.marks[at] ?? { state: 'unseen' }),
    }),
  );
  return lines(clears, [
    { heading: 'at', rank: 1, cell: ({ at }) => clock(at) },
    { heading: 'clear', rank: 0, cell: ({ action, scope }) => `${action} ${scopeText({ ...scope })}` },
    { heading: 'event', rank: 4, cell: ({ positions: [first = '', ...others] }) => `${first}${plus(others.length)}` },
    ...marks,
    { heading: 'fenced', rank: 2, cell: ({ fencedBy }) => (fencedBy === undefined ? '' : `by ${fencedBy}`) },
    { heading: 'by', rank: 3, cell: ({ by }) => by ?? '' },
  ]);
}

function plus(others: number): string {
  return others === 0 ? '' : ` +${others}`;
}

/** What of the picture does not speak for itself. */
function legend({ nodes, clears }: Frame): readonly string[] {
  const said =
    clears.length === 0
      ? []
      : [
          '● when this process heard that a node had applied a clear, after it first heard of it: the way from the node is in the time.',
        ];
  if (nodes.every(({ url }) => url !== null)) return said;
  return [
    ...said,
    '~ seen through another node, as it said of itself up to some seconds ago; of its clears only what a fence says is known (✓, ✗). Give every admin URL to follow every node.',
  ];
}

const STATES: Readonly<Record<NodeLine['state'], Style>> = {
  coherent: 'green',
  degraded: 'yellow',
  silent: 'yellow',
  isolated: 'red',
  lost: 'red',
};

function stateCell({ state }: NodeLine): Cell {
  return { text: state, style: STATES[state] };
}

function stalenessCell({ stalenessMs, stalenessBoundMs }: NodeLine): Cell {
  if (stalenessMs === null) return '';
  if (stalenessBoundMs === null) return durationText(stalenessMs);
  const part = stalenessMs / stalenessBoundMs;
  const style = part > 1 ? 'red' : part > 0.75 ? 'yellow' : 'green';
  return { text: `${bar(part)} ${durationText(stalenessMs)}`, style };
}

function ratioCell(ratio: number | null): Cell {
  return ratio === null ? '' : { text: `${bar(ratio)} ${percent(ratio)}`, style: 'cyan' };
}

function violationsCell(violations: number | null): Cell {
  if (violations === null || violations === 0) return violations === null ? '' : '0';
  return { text: String(violations), style: 'red' };
}

function markCell(mark: Mark): Cell {
  switch (mark.state) {
    case 'applied':
      return { text: `● ${mark.afterMs.toFixed(1)} ms`, style: 'green' };
    case 'acknowledged':
      return { text: '✓ said so', style: 'green' };
    case 'fenced out':
      return { text: '✗ fenced out', style: 'yellow' };
    case 'waiting':
      return { text: '○ not yet', style: 'yellow' };
    case 'lost':
      return { text: '✗ lost', style: 'red' };
    case 'unseen':
      return { text: '· not seen', style: 'dim' };
  }
}

/** A part of a whole, full for nothing less than it; more than it fills the bar, too. */
function bar(part: number): string {
  const full = Math.floor(Math.min(1, Math.max(0, part)) * BAR);
  return '█'.repeat(full) + '░'.repeat(BAR - full);
}

function percent(ratio: number | null): string {
  return ratio === null ? '' : `${Math.floor(ratio * 100)} %`.padStart(5);
}

function clock(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB');
}
