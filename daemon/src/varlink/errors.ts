/** What can be answered instead of a result, and the errors that every Varlink service has. */

export interface Failure {
  readonly error: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const service = (name: string, parameters: Failure["parameters"]): Failure => ({
  error: `org.varlink.service.${name}`,
  parameters,
});

export const permissionDenied = service("PermissionDenied", {});
export const invalidParameter = (parameter: string): Failure => service("InvalidParameter", { parameter });
export const methodNotFound = (method: string): Failure => service("MethodNotFound", { method });
export const methodNotImplemented = (method: string): Failure => service("MethodNotImplemented", { method });
export const interfaceNotFound = (name: string): Failure => service("InterfaceNotFound", { interface: name });
