export {
  type AdapterContractOptions,
  adapterContract,
  type ContractCase,
} from './contract/adapter-contract.js'
export { type CommandCounts, type CountingAdapter, counting, expectCommands } from './counting.js'
export { type FakeClock, fakeClock } from './fake-clock.js'
export {
  type FailingOptions,
  type FaultOptions,
  type FaultyAdapter,
  failing,
  hanging,
  type LyingOptions,
  lossy,
  lying,
  slow,
} from './faults.js'
export { type AdapterCall, type AdapterMethod, intercept } from './intercept.js'
