import type { BlueprintKind } from '../variables.ts';
import { archetypeTemplate } from './archetype.template.ts';
import { atomTemplate } from './atom.template.ts';
import { capstoneTemplate } from './capstone.template.ts';
import { decisionTreeTemplate } from './decision-tree.template.ts';
import { flowStateTemplate } from './flow-state.template.ts';
import { standardTemplate } from './standard.template.ts';
import type { MakeTemplate } from './template.ts';
import { workflowTemplate } from './workflow.template.ts';

/** An exercise for every module of the blueprint. */
export const TEMPLATES: Record<BlueprintKind, MakeTemplate> = {
  atom: atomTemplate,
  standard: standardTemplate,
  workflow: workflowTemplate,
  decision_tree: decisionTreeTemplate,
  archetype: archetypeTemplate,
  flow_state: flowStateTemplate,
  capstone: capstoneTemplate,
};
