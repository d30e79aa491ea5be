/**
 * Gives what `load` gives, which is called when it is asked for the first time; what fails is tried again. For modules that
 * are loaded lazily and wanted often: a loader of TypeScript takes milliseconds for each `import()`, also of what is there.
 */
export function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    if (loaded === undefined) {
      const loading = load();
      loaded = loading;
      loading.catch(() => {
        loaded = undefined;
      });
    }
    return loaded;
  };
}
