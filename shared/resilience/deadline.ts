/**
 * Waits for a promise, but not for ever. The work behind it goes on; its late outcome is dropped.
 *
 * @throws Error with the given message after `timeoutMs`; whatever the promise rejects with.
 */
export async function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number, message: string): Promise<Value> {
  const expiry = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    expiry.reject(new Error(message));
  }, timeoutMs);
  try {
    return await Promise.race([promise, expiry.promise]);
  } finally {
    clearTimeout(timer);
  }
}
