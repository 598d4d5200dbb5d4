import { Component, type ComponentType, type JSX } from 'preact'

/** Draws only what has other properties than before: while somebody scrolls, most rows are the same. For components without hooks. */
export function still<Props extends object>(draw: (props: Props) => JSX.Element): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const names = Object.keys(next) as (keyof Props)[]
      return names.some((name) => next[name] !== this.props[name])
    }

    override render(props: Props): JSX.Element {
      return draw(props)
    }
  }
}
