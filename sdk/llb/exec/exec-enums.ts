/** Numbers of `pb.NetMode`. */
export const NETWORK = { sandbox: 0, host: 1, none: 2 } as const;
/** Numbers of `pb.SecurityMode`. */
export const SECURITY = { sandbox: 0, insecure: 1 } as const;
/** Numbers of `pb.MountType`. */
export const MOUNT_TYPE = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;
/** Numbers of `pb.CacheSharingOpt`. */
export const SHARING = { shared: 0, private: 1, locked: 2 } as const;
/** Numbers of `pb.MountContentCache`. */
export const CONTENT_CACHE = { default: 0, on: 1, off: 2 } as const;
