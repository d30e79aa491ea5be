/** The largest message that BuildKit takes and sends; it has to be allowed on our side too. */
export const MESSAGE_LIMIT_BYTES: number = 16 * 1024 * 1024;

/** Calls that a peer may have open on one connection; further ones wait at its side. */
export const STREAMS_LIMIT = 1024;

/** Flow-control window of our connections: with HTTP/2's default of 64 KiB a stream runs at half the speed. */
export const FLOW_WINDOW_BYTES: number = 4 * 1024 * 1024;
