import {
  always,
  boolean,
  filled,
  given,
  integer,
  listOf,
  type Member,
  mapOf,
  numberOrText,
  type RecordShape,
  record,
  text,
} from "./record.ts";

const texts = listOf(text);
const int64 = integer(64, "signed");
const uint16 = integer(16, "unsigned");
const uint32 = integer(32, "unsigned");
const uint64 = integer(64, "unsigned");

/** A record of the OCI runtime specification: its keys in build.yml are the lower-case names of Go's fields. */
function ociRecord(...members: readonly Member[]): RecordShape {
  return record(...members.map((member) => ({ ...member, yamlKey: member.yamlKey.toLowerCase() })));
}

const idMappings = listOf(ociRecord(always("containerID", uint32), always("hostID", uint32), always("size", uint32)));

const mounts = listOf(
  ociRecord(
    always("destination", text),
    filled("type", text),
    filled("source", text),
    filled("options", texts),
    filled("uidMappings", idMappings),
    filled("gidMappings", idMappings),
  ),
);

const devices = listOf(
  record(
    always("path", text),
    always("type", text),
    always("major", int64),
    always("minor", int64),
    filled("mode", text),
  ),
);

const blockDevice: Member = {
  key: "",
  yamlKey: "linuxblockiodevice",
  shape: ociRecord(always("major", int64), always("minor", int64)),
  written: "always",
  embedded: true,
};
const throttles = listOf(ociRecord(blockDevice, always("rate", uint64)));

const blockIo = ociRecord(
  given("weight", uint16),
  given("leafWeight", uint16),
  filled("weightDevice", listOf(ociRecord(blockDevice, given("weight", uint16), given("leafWeight", uint16)))),
  filled("throttleReadBpsDevice", throttles),
  filled("throttleWriteBpsDevice", throttles),
  filled("throttleReadIOPSDevice", throttles),
  filled("throttleWriteIOPSDevice", throttles),
);

const memory = ociRecord(
  given("limit", int64),
  given("reservation", int64),
  given("swap", int64),
  given("kernel", int64),
  given("kernelTCP", int64),
  given("swappiness", uint64),
  given("disableOOMKiller", boolean),
  given("useHierarchy", boolean),
  given("checkBeforeUpdate", boolean),
);

const cpu = ociRecord(
  given("shares", uint64),
  given("quota", int64),
  given("burst", uint64),
  given("period", uint64),
  given("realtimeRuntime", int64),
  given("realtimePeriod", uint64),
  filled("cpus", text),
  filled("mems", text),
  given("idle", int64),
);

const deviceRules = listOf(
  ociRecord(
    always("allow", boolean),
    filled("type", text),
    given("major", int64),
    given("minor", int64),
    filled("access", text),
  ),
);

const resources = ociRecord(
  filled("devices", deviceRules),
  given("memory", memory),
  given("cpu", cpu),
  given("pids", ociRecord(always("limit", int64))),
  given("blockIO", blockIo),
  filled("hugepageLimits", listOf(ociRecord(always("pageSize", text), always("limit", uint64)))),
  given(
    "network",
    ociRecord(
      given("classID", uint32),
      filled("priorities", listOf(ociRecord(always("name", text), always("priority", uint32)))),
    ),
  ),
  filled("rdma", mapOf(ociRecord(given("hcaHandles", uint32), given("hcaObjects", uint32)))),
  filled("unified", mapOf(text)),
);

const runtime = record(
  given("cgroups", texts),
  given("mounts", mounts),
  given("mkdir", texts),
  given(
    "interfaces",
    listOf(record(filled("name", text), filled("add", text), filled("peer", text), always("createInRoot", boolean))),
  ),
  always("bindNS", record(...["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"].map((name) => given(name, text)))),
  given("namespace", text),
);

/**
 * `config` of build.yml, and the label `org.mobyproject.config` that is made of it: members in the order of the label.
 *
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3a11fc20b459195294a7d8980cbca4195b/docs/packages.md
 */
export const CONFIG_SHAPE: RecordShape = record(
  given("capabilities", texts),
  given("capabilities.add", texts),
  given("ambient", texts),
  given("mounts", mounts),
  given("binds", texts),
  given("binds.add", texts),
  given("devices", devices),
  given("tmpfs", texts),
  given("command", texts),
  given("env", texts),
  filled("cwd", text),
  filled("net", text),
  filled("pid", text),
  filled("ipc", text),
  filled("uts", text),
  filled("userns", text),
  filled("hostname", text),
  given("readonly", boolean),
  given("maskedPaths", texts),
  given("readonlyPaths", texts),
  given("uid", numberOrText),
  given("gid", numberOrText),
  given("additionalGids", listOf(numberOrText)),
  given("noNewPrivileges", boolean),
  given("oomScoreAdj", int64),
  given("rootfsPropagation", text),
  given("cgroupsPath", text),
  given("resources", resources),
  given("sysctl", mapOf(text)),
  given("rlimits", texts),
  given("uidMappings", idMappings),
  given("gidMappings", idMappings),
  given("annotations", mapOf(text)),
  given("runtime", runtime),
);
