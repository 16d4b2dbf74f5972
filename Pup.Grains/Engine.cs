using Microsoft.Extensions.Logging;
using Pup.Grains.Checkpoints;
using Pup.Grains.Feed;
using Pup.Grains.Partitions;

namespace Pup.Grains;

/// <summary>What all partitions of a silo share.</summary>
internal sealed record Engine(
    IEventFeed Feed,
    WorkerSlots Slots,
    SkipWriter Skips,
    PupOptions Options,
    TimeProvider Time,
    ILoggerFactory Loggers);
