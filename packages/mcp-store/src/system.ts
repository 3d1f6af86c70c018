/** Wall time, in ms since 1970: in it the SDK's client says, and is told, until when a response is fresh. */
export const wallClockMs: () => number = () => Date.now();
