/** The metrics' series of the nodes that the reader has chosen, `more` being further matchers. */
export function ofNodes(metric: string, more: string = ''): string {
  return `${metric}{job=~"$job",instance=~"$instance"${more && `,${more}`}}`;
}

/** Those of the chosen nodes and namespaces. */
export function ofNamespaces(metric: string, more: string = ''): string {
  return ofNodes(metric, `lockstep_namespace=~"$namespace"${more && `,${more}`}`);
}

/** How fast a counter rises, a second. */
export function rate(series: string, window: string = '$__rate_interval'): string {
  return `rate(${series}[${window}])`;
}

/** By how much a counter has risen. */
export function increase(series: string): string {
  return `increase(${series}[$__rate_interval])`;
}

export function sum(of: string, by: string = ''): string {
  return by === '' ? `sum(${of})` : `sum by (${by}) (${of})`;
}

export function max(of: string, by: string): string {
  return `max by (${by}) (${of})`;
}

/** Which of the chosen series an expression is about. */
type Selector = (metric: string, more?: string) => string;

/** A quantile of a histogram; `histogram` is its name without `_bucket`. */
export function quantile(q: number, histogram: string, { of, by = '', more = '' }: Histogram): string {
  const buckets = rate(of(`${histogram}_bucket`, more));
  return `histogram_quantile(${q}, ${sum(buckets, by === '' ? 'le' : `le, ${by}`)})`;
}

/** The mean of what a histogram has seen. */
export function mean(histogram: string, { of, by = '', more = '' }: Histogram): string {
  return `${sum(rate(of(`${histogram}_sum`, more)), by)} / ${sum(rate(of(`${histogram}_count`, more)), by)}`;
}

interface Histogram {
  readonly of: Selector;
  readonly by?: string;
  readonly more?: string;
}
