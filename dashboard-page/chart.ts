import { Component, h, type VNode } from 'preact'
import uPlot from 'uplot'

/** A line or the dots of a chart. */
export interface Series {
  readonly label: string
  /** The name of a colour of the style sheet. */
  readonly color: string
  readonly isDots?: boolean
}

interface Props {
  readonly label: string
  readonly isTime: boolean
  readonly series: readonly Series[]
  readonly data: uPlot.AlignedData
  /** Returns the text of a value on the axis. */
  readonly valueText: (value: number) => string
  readonly xText?: (value: number) => string
}

const HEIGHT = 150

/** A chart. Screen readers get its label, and the text beside it tells the same. */
export class Chart extends Component<Props> {
  #plot: uPlot | undefined
  #element: HTMLElement | undefined
  readonly #dark = matchMedia('(prefers-color-scheme: dark)')
  readonly #resized = new ResizeObserver(() => this.#plot?.setSize({ width: this.#width, height: HEIGHT }))
  readonly #remake = (): void => {
    this.#plot?.destroy()
    this.#make()
  }

  override componentDidMount(): void {
    this.#dark.addEventListener('change', this.#remake)
    this.#make()
    this.#resized.observe(this.#element!)
  }

  override componentDidUpdate(): void {
    this.#plot?.setData(this.props.data)
  }

  override componentWillUnmount(): void {
    this.#dark.removeEventListener('change', this.#remake)
    this.#resized.disconnect()
    this.#plot?.destroy()
  }

  override render({ label }: Props): VNode {
    return h('div', {
      class: 'chart',
      role: 'img',
      'aria-label': label,
      ref: (element: HTMLElement | null) => {
        if (element !== null) this.#element = element
      },
    })
  }

  get #width(): number {
    return Math.max(200, this.#element!.clientWidth)
  }

  #make(): void {
    const { series, data, isTime, valueText, xText } = this.props
    const style = getComputedStyle(document.documentElement)
    const color = (name: string): string => style.getPropertyValue(`--${name}`).trim()
    const axis = { stroke: color('soft'), grid: { stroke: color('line'), width: 1 }, ticks: { show: false } }
    const options: uPlot.Options = {
      width: this.#width,
      height: HEIGHT,
      cursor: { points: { size: 6 } },
      scales: {
        x: { time: isTime },
        y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] },
      },
      axes: [
        { ...axis, ...(xText && { values: (_: uPlot, all: number[]) => all.map(xText) }) },
        { ...axis, size: 64, values: (_, all) => all.map(valueText) },
      ],
      series: [
        xText === undefined
          ? {}
          : { label: 'size', value: (_, value) => (value === null ? '–' : xText(value)) },
        ...series.map((one) => ({
          label: one.label,
          stroke: color(one.color),
          width: 2,
          value: (_: uPlot, value: number | null) => (value === null ? '–' : valueText(value)),
          points: one.isDots === true ? { show: true, size: 11, fill: color(one.color) } : { show: false },
        })),
      ],
    }
    this.#plot = new uPlot(options, data, this.#element)
  }
}
