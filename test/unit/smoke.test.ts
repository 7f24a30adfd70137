import { expect, test } from '@jest/globals';
import { ExerciseLimits } from '../../shared/contracts/exercise.contract.ts';
test('limits have defaults', () => { expect(ExerciseLimits.parse({}).cpuMs).toBe(2000); });
