// The payload of each event, as docs/events.md describes it. Written by `make docs`.
// Other fields and other events may be added at any time: ignore them.

export interface Todo {
  id: number;
  item: string;
  completed: boolean;
  version: number;
}

/** Event type `ping`. */
export interface Ping {
  event: "ping";
  description: string;
  id: string;
  occurred_at: string; // date-time
}

/** Event type `retrieved`. */
export interface TodoRetrieved {
  event: "todo.retrieved";
  description: string;
  id: string;
  occurred_at: string; // date-time
  todo?: Todo;
}

/** Event type `created`. */
export interface TodoCreated {
  event: "todo.created";
  description: string;
  id: string;
  occurred_at: string; // date-time
  todo: Todo;
}

/** Event type `updated`. */
export interface TodoUpdated {
  event: "todo.updated";
  description: string;
  id: string;
  occurred_at: string; // date-time
  todo: Todo;
}

/** Event type `deleted`. */
export interface TodoDeleted {
  event: "todo.deleted";
  description: string;
  id: string;
  occurred_at: string; // date-time
  todo: Todo;
}

/** Event type `failed`. */
export interface TodoFailure {
  event: "todo.failure";
  description: string;
  id: string;
  occurred_at: string; // date-time
  todo_id: number;
}

export type WebhookEvent =
  | Ping
  | TodoRetrieved
  | TodoCreated
  | TodoUpdated
  | TodoDeleted
  | TodoFailure;
