namespace Pup.Silo.Doctor.Checks;

/// <summary>One partition at one moment.</summary>
/// <param name="Projection">Its projection.</param>
/// <param name="Partition">Its index.</param>
/// <param name="Runs">Whether nothing that was written down keeps it from running.</param>
/// <param name="IsRebuilding">Whether its projection is being rebuilt, so that being behind is expected.</param>
/// <param name="Position">Its checkpoint; null where there is none.</param>
/// <param name="Idle">How long since the checkpoint was written; null where there is none.</param>
/// <param name="Silo">Who took it last.</param>
internal sealed record PartitionProgress(
    string Projection, int Partition, bool Runs, bool IsRebuilding, long? Position, TimeSpan? Idle, string? Silo);
