using Npgsql;

namespace Pup.Grains.Checkpoints;

/// <summary>A projection that is locked against everybody: no owner can begin or end a batch, no other operation can begin.</summary>
/// <param name="Connection">The session that holds the locks, within the transaction.</param>
/// <param name="Name">Name of the projection.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="ConfiguredPartitions">How many partitions the configuration asked for when it was last heeded.</param>
/// <param name="Rows">The row of each partition, by index, read after the locks were there.</param>
internal sealed record LockedProjection(
    NpgsqlConnection Connection, string Name, int Partitions, int ConfiguredPartitions, IReadOnlyList<PartitionRow> Rows);
