import { z } from 'zod';
import { ModuleKind, type MetaCategory as MetaCategorySchema } from '../../shared/contracts/course.contract.ts';

/** A few words that may stand in any sentence, title, text or table: letters, digits and what joins them. Nothing that is markup or code. */
const Words = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} '’&.+/-]*$/u, 'must be words of letters and digits')
  .refine((words) => words.length <= 60, 'must have at most 60 characters')
  .refine((words) => words.split(/\s+/).length <= 12, 'must have at most 12 words');

/**
 * What every domain has, whatever it is about: the blueprint of a course is written in these.
 *
 * `ENTITY` is the thing that everything is about, `STATE` a state that it passes through, `FLOW` what is done with it step by step, `LOGIC` how
 * is decided about it, `INTERFACE` what two parties have agreed on, `CONTAINER` where it is kept, `EDGE_CASE` what is forgotten easily,
 * `VARIANT` a kind of it, `EVENT` what happens to it, `CAPSTONE_GOAL` what a learner can run in the end ("run …", "plan …").
 */
export const UniversalVariables = z.strictObject({
  DOMAIN: Words,
  ENTITY: Words,
  STATE: Words,
  FLOW: Words,
  LOGIC: Words,
  INTERFACE: Words,
  CONTAINER: Words,
  EDGE_CASE: Words,
  VARIANT: Words,
  EVENT: Words,
  CAPSTONE_GOAL: Words,
});
export type UniversalVariables = z.infer<typeof UniversalVariables>;

export const SkillLevel = z.enum(['novice', 'analyst', 'quant']);
export type SkillLevel = z.infer<typeof SkillLevel>;

/** What is known of a learner's bent. */
export type Archetype = { metaCategory: MetaCategory; skillLevel: SkillLevel };
export type MetaCategory = z.infer<typeof MetaCategorySchema>;

/** A domain that a course can be about: its name as it is shown, and which of the five families it belongs to. */
export type Domain = { name: string; metaCategory: MetaCategory };

/** The modules of every generated course, in order. */
export const BLUEPRINT_KINDS = ModuleKind.exclude(['custom']).options;
export type BlueprintKind = (typeof BLUEPRINT_KINDS)[number];
