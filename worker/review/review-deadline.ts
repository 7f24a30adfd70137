/**
 * After this part of its deadline a review asks nobody any more. What is left is for those behind it in the queue: static reviews take
 * milliseconds, so a queue that grew too long is at reviews that can still ask soon, and all of them end in time.
 */
export const ASKED_SHARE_OF_DEADLINE = 0.7;
