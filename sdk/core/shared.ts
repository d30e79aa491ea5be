/** Lets those who need the same thing at the same time share it. */
export interface Shared<Value> {
  /** Calls `use` with the value under this key; it is created where nobody uses one, and forgotten with its last user. */
  with<Result>(key: string, create: () => Value, use: (value: Value) => Promise<Result>): Promise<Result>;
}

/** Creates a place for values to be shared. */
export function createShared<Value>(): Shared<Value> {
  const shared = new Map<string, { readonly value: Value; users: number }>();
  return {
    async with(key, create, use) {
      const found = shared.get(key) ?? { value: create(), users: 0 };
      shared.set(key, found);
      found.users += 1;
      try {
        return await use(found.value);
      } finally {
        found.users -= 1;
        if (found.users === 0) shared.delete(key);
      }
    },
  };
}
