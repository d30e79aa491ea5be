import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { StatusError } from "../wire/status.ts";
import type { SessionCall, SessionHandler } from "./service.ts";

/** Makes a session method of a function from one request to one response. */
export function unaryMethod<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>, call: SessionCall) => Promise<MessageInitShape<O>>,
): Record<string, SessionHandler> {
  return {
    [`/${method.parent.typeName}/${method.name}`]: async (call) => {
      const response = await answer(fromBinary(method.input, await onlyMessage(call)), call);
      await call.send(toBinary(method.output, create(method.output, response)));
    },
  };
}

async function onlyMessage(call: SessionCall): Promise<Uint8Array> {
  for await (const message of call.messages) return message;
  throw new StatusError("INVALID_ARGUMENT", "the request is missing");
}
