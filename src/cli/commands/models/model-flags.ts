import {z} from 'zod';

/** What every command of the group understands. */
export const commonFlags = {json: z.boolean().default(false)};

/** What those understand that take their time. */
export const longRunFlags = {...commonFlags, quiet: z.boolean().default(false)};
