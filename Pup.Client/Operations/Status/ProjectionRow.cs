using Npgsql;

namespace Pup.Client.Operations.Status;

/// <summary>A row of <see cref="StatusReader.ProjectionsSql"/>: a projection with an array for each column of its partitions.</summary>
internal static class ProjectionRow
{
    public static ProjectionFacts Read(NpgsqlDataReader reader)
    {
        var name = reader.GetString(0);
        var (state, reason) = (reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2));
        DateTimeOffset? startedAt = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3);
        long? target = reader.IsDBNull(4) ? null : reader.GetInt64(4);
        var visible = reader.GetInt64(5);
        var partitions = ReadPartitions(reader);
        var letters = reader.GetInt64(13);
        if (letters > 0)
            AddParkedKeys(partitions, reader.GetFieldValue<int[]>(14), reader.GetFieldValue<int[]>(15));
        return new ProjectionFacts(name, partitions)
        {
            State = state,
            StateReason = reason,
            RebuildStartedAt = startedAt,
            RebuildTarget = target,
            Visible = visible,
            DeadLetters = letters,
            OldestUnseen = reader.IsDBNull(16) ? null : reader.GetFieldValue<DateTimeOffset>(16),
        };
    }

    private static PartitionFacts[] ReadPartitions(NpgsqlDataReader reader)
    {
        var positions = reader.GetFieldValue<long?[]>(6);
        var epochs = reader.GetFieldValue<long?[]>(7);
        var updated = reader.GetFieldValue<DateTimeOffset?[]>(8);
        var faults = reader.GetFieldValue<string?[]>(9);
        var kinds = reader.GetFieldValue<string?[]>(10);
        var silos = reader.GetFieldValue<string?[]>(11);
        var troubles = reader.GetFieldValue<string?[]>(12);
        var partitions = new PartitionFacts[positions.Length];
        for (var index = 0; index < partitions.Length; index++)
        {
            partitions[index] = new PartitionFacts(index)
            {
                Position = positions[index],
                Epoch = epochs[index] ?? 0,
                UpdatedAt = updated[index],
                Fault = faults[index],
                IsForeignWriter = kinds[index] == "foreign_writer",
                Silo = silos[index],
                Trouble = troubles[index],
            };
        }

        return partitions;
    }

    private static void AddParkedKeys(PartitionFacts[] partitions, int[] indices, int[] keys)
    {
        for (var i = 0; i < indices.Length; i++)
            partitions[indices[i]] = partitions[indices[i]] with { ParkedKeys = keys[i] };
    }
}
