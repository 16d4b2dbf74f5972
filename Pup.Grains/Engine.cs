using Microsoft.Extensions.Logging;
using Pup.Grains.Checkpoints;
using Pup.Grains.Coordination.Placement;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;
using Pup.Grains.Telemetry;

namespace Pup.Grains;

/// <summary>What all partitions of a silo share.</summary>
internal sealed record Engine(
    IEventFeed Feed,
    WorkerSlots Slots,
    SkipWriter Skips,
    HaltedPartitions Halted,
    PupOptions Options,
    TimeProvider Time,
    ILoggerFactory Loggers,
    PupInstruments Instruments,
    EngineSilo? Silo = null)
{
    /// <summary>
    /// Held while an event is handled that may be killing the process: were two of them in hand when it dies, nobody could tell
    /// which it was, and the innocent one would be parked as well.
    /// </summary>
    public SemaphoreSlim Alone { get; } = new(1, 1);

    /// <summary>What runs here.</summary>
    public LocalRunners Runners { get; } = new();
}
