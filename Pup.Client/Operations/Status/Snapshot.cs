namespace Pup.Client.Operations.Status;

/// <summary>All facts that were read at one moment.</summary>
internal sealed record Snapshot(IReadOnlyList<ProjectionFacts> Projections, LogFacts Log, ClusterFacts Cluster);
