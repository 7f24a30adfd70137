import { AiSwitch, AiSwitchRequest } from '../../shared/contracts/ops.contract.ts';
import { defineRoute, type Route } from '../http/define-route.ts';
import { changeAiSwitch, readAiSwitch, type AiSwitchDeps } from './ai-switch.service.ts';

const aiSwitch = {
  path: '/ops/ai/switch',
  tag: 'Operations',
  rate: 'ops',
  cache: 'no-store',
  response: AiSwitch,
} as const;

export const aiSwitchRoutes = (deps: AiSwitchDeps): Route[] => [
  defineRoute({
    ...aiSwitch,
    method: 'get',
    summary: 'Whether language models may be asked, since when and why, and what they cost this hour',
    policy: { roles: ['operator', 'admin'] },
    handler: () => readAiSwitch(deps),
  }),
  defineRoute({
    ...aiSwitch,
    method: 'put',
    summary: 'Switch language models off or on again, for the very next request of every worker',
    policy: { roles: ['admin'] },
    stepUp: true,
    body: AiSwitchRequest,
    handler: ({ actor, body, request }) => changeAiSwitch(deps, actor, body, request),
  }),
];
