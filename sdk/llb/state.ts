export interface State {
  readonly __placeholder: true;
}
