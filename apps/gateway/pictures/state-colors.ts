/** Colors of states, by Grafana's names. */
export const STATE_COLORS: Readonly<Record<string, string>> = { green: '#56a64b', orange: '#f2a33a', red: '#d64545' };
