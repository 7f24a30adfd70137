/**
 * What a program of this machine is given of our environment: enough to find others and its own settings (`python3` may be a script of a
 * version manager), and none of our secrets.
 */
export function programEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { PATH, HOME } = environment;
  return { PATH, HOME };
}
