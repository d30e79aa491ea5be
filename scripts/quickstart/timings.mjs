/** Notes how long each part takes. Parts may overlap. */
export function createTimings() {
  const startedAt = performance.now();
  const parts = [];
  const seconds = (durationMs) => `${(durationMs / 1000).toFixed(1).padStart(6)} s`;
  return {
    async measure(name, work) {
      const beganAt = performance.now();
      try {
        return await work();
      } finally {
        parts.push(`${seconds(performance.now() - beganAt)}  ${name} (from ${seconds(beganAt - startedAt).trim()})`);
      }
    },
    lines: () => [...parts, `${seconds(performance.now() - startedAt)}  in all`],
  };
}
