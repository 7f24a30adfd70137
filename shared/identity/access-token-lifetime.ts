/** The longest that an access token may live, in seconds: for so long a revocation has to be known. */
export const MAX_ACCESS_TOKEN_SECONDS = 86_400;
