using Pup.Client;
using Pup.Grains.Coordination;
using Pup.Silo.Doctor;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>What the partitions of an engine without a silo tell.</summary>
internal sealed class RunnerStatuses(TestEngine engine) : IPartitionStatuses
{
    public Task<IReadOnlyList<PartitionStatus>> ReadAsync(IReadOnlyCollection<PartitionKey> partitions, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<PartitionStatus>>([.. partitions.Select(key => new PartitionStatus
        {
            Projection = key.Projection,
            Partition = key.Partition,
            State = engine.Runners[key.Partition].State.ToString(),
            Trouble = engine.Runners[key.Partition].Journal.Trouble,
            Position = engine.Runners[key.Partition].Position,
            Epoch = engine.Runners[key.Partition].Epoch,
            Silo = "here",
            Events = engine.Runners[key.Partition].Journal.Events,
            ParkedKeys = engine.Runners[key.Partition].Journal.ParkedKeys,
            Failures = engine.Runners[key.Partition].Journal.Failures,
            Deadlocks = engine.Runners[key.Partition].Journal.Deadlocks,
        })]);
}
