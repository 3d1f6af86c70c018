import { z } from 'zod';

/** A schema of numbers for a query, where they are text; in documents it is the schema of numbers. */
export function fromText(schema: z.ZodType<number, number>): z.ZodType<number> {
  return z.preprocess((text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text), schema);
}
