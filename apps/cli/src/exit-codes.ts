/** What the process ends with. Scripts branch on these numbers: they do not change. */
export const EXIT = {
  ok: 0,
  /** It was tried and failed, or what was looked at is not as it should be. */
  failed: 1,
  /** A word of the command line, or the configuration, cannot be used. Nothing was tried. */
  usage: 2,
  /** There is no token, it is not known, or it may not do this. */
  notAuthorised: 3,
  /** Nothing answered, or not in time. */
  unreachable: 4,
  /** A part is done, or may be: the answer that would tell did not come. */
  partlyUnknown: 5,
  /** The audit trail is not as it was written. */
  notVerified: 6,
  /** Nothing has failed, and something should be looked at. */
  warned: 7,
  /** The person who was asked said no. Nothing was done. */
  declined: 8,
  /** SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
