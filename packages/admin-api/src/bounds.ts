/** The longest `reason`, in UTF-16 code units; the shortest says what happened all the same. */
export const REASON_LENGTH_MIN = 3;
export const REASON_LENGTH_MAX = 500;
/** The most audit records of one answer. */
export const AUDIT_PAGE_MAX = 500;
/** The most entries that one sweep looks at. */
export const SWEEP_LIMIT_MAX = 100_000;
/** The most entries that a dry run shows. */
export const SAMPLE_MAX = 100;
/** The largest body of a request, in bytes. */
export const BODY_BYTES_MAX = 65_536;
