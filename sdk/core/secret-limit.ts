/** How much a secret may hold, as with BuildKit's Go client: a secret is no way to carry data. */
export const SECRET_LIMIT_BYTES: number = 500 * 1024;
