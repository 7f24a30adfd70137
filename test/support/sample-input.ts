import { z } from 'zod';

/** The parts of a JSON Schema that `z.toJSONSchema` writes and that matter for making values. */
interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  minItems?: number;
  minLength?: number;
  minimum?: number;
  format?: string;
  pattern?: string;
  $ref?: string;
}

/** A place in a value where a text stands or may stand: makes an otherwise valid value with the given text there. */
export interface TextPlace {
  path: string;
  put: (text: string) => unknown;
}

const UUID = '00000000-0000-4000-8000-000000000000';
const TEXTS = [
  'sample',
  'a-sample',
  'sample.ts',
  'sum',
  UUID,
  '123456',
  'a@example.com',
  new Date(0).toISOString(),
  '12',
];

const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

/** A small value that keeps the schema, as far as its JSON Schema tells. */
export const sampleOf = (schema: z.ZodType): unknown => sample(schemaOf(schema));

/** Every place for a text in values of the schema, and one for a field that the schema does not know. */
export const textPlacesOf = (schema: z.ZodType): TextPlace[] => places(schemaOf(schema), '');

function sample(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return sample(choices[0] ?? {});
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(sample));
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return Array.from({ length: Math.max(schema.minItems ?? 0, 1) }, () => sample(itemOf(schema)));
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]));
    case undefined:
    default:
      return 1;
  }
}

function textOf({ pattern, minLength = 0 }: JsonSchema): string {
  const fits = new RegExp(pattern ?? '', 'u');
  return TEXTS.map((text) => text.padEnd(minLength, 'x y z ')).find((text) => fits.test(text)) ?? 'sample';
}

const itemOf = ({ items, prefixItems }: JsonSchema): JsonSchema =>
  prefixItems?.[0] ?? (typeof items === 'object' ? items : {});

function places(schema: JsonSchema, path: string): TextPlace[] {
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices !== undefined) return choices.flatMap((choice) => places(choice, path));
  if (schema.type === 'object') return placesInObject(schema, path);
  if (schema.type === 'array') {
    return places(itemOf(schema), `${path}[]`).map(({ path: at, put }) => ({ path: at, put: (text) => [put(text)] }));
  }
  const itself: TextPlace = { path, put: (text) => text };
  const isAny = schema.type === undefined && schema.const === undefined && schema.enum === undefined;
  return isAny ? [itself, { path: `${path}{}`, put: (text) => ({ [text]: [text] }) }] : [itself];
}

function placesInObject(schema: JsonSchema, path: string): TextPlace[] {
  const whole = sample(schema) as object;
  const known = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    places(property, `${path}.${name}`).map(({ path: at, put }) => ({
      path: at,
      put: (text: string) => ({ ...whole, [name]: put(text) }),
    })),
  );
  return [...known, { path: `${path}.*`, put: (text) => ({ ...whole, [text]: text }) }];
}
