import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { SessionCall, SessionHandler } from "./service.ts";
import { readSingleRequest } from "./single-request.ts";

/** Makes a session method of a function from one request to one response. */
export function unaryMethod<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: (request: MessageShape<I>, call: SessionCall) => Promise<MessageInitShape<O>>,
): Record<string, SessionHandler> {
  return {
    [`/${method.parent.typeName}/${method.name}`]: async (call) => {
      const response = await answer(fromBinary(method.input, await readSingleRequest(call)), call);
      await call.send(toBinary(method.output, create(method.output, response)));
    },
  };
}
