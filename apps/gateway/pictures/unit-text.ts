const TIME_UNITS = [
  [1e-6, 'µs'],
  [1e-3, 'ms'],
  [1, 's'],
] as const;
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB'];
const KILO = 1_000;
const KIBI = 1_024;

/** A value in one of the units of the dashboards, for people. */
export function unitText(unit: string, value: number): string {
  switch (unit) {
    case 's':
      return seconds(value);
    case 'bytes':
      return bytes(value);
    case 'percentunit':
      return `${rounded(value * 100)} %`;
    case 'suffix:/s':
      return `${short(value)}/s`;
    default:
      return short(value);
  }
}

/** A time since the beginning, as `m:ss`. */
export function clockText(secondsSince: number): string {
  const whole = Math.round(secondsSince);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function seconds(value: number): string {
  if (value === 0) return '0';
  const [size, name] = TIME_UNITS.findLast(([from]) => Math.abs(value) >= from * 0.9999) ?? TIME_UNITS[0];
  return `${rounded(value / size)} ${name}`;
}

function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log(value) / Math.log(KIBI)));
  return `${rounded(value / KIBI ** power)} ${BYTE_UNITS[power]}`;
}

function short(value: number): string {
  return Math.abs(value) < KILO ? rounded(value) : `${rounded(value / KILO)} k`;
}

/** Three digits at most, those before the point always. */
function rounded(value: number): string {
  return String(Number(Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)));
}
