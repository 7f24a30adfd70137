import type { ProviderName, ProviderSettings } from '../../../shared/config/ai.section.ts';
import type { Provider } from '../provider.ts';
import { anthropicProvider } from './anthropic.provider.ts';
import { openaiProvider } from './openai.provider.ts';

/** Who can be asked. The compiler asks for an entry for every name. */
const PROVIDERS = {
  openai: openaiProvider,
  anthropic: anthropicProvider,
} as const satisfies Record<ProviderName, (settings: ProviderSettings) => Provider>;

export function openProvider(settings: ProviderSettings): Provider {
  return PROVIDERS[settings.name](settings);
}
