/** Something that happened while a picture's data was made. */
export interface Episode {
  readonly what: string;
  /** In seconds since the beginning. */
  readonly from: number;
  readonly to: number;
}
