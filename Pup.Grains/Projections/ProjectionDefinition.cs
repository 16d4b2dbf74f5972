using Pup.Grains.Checkpoints;
using Pup.Grains.Partitions;

namespace Pup.Grains.Projections;

/// <summary>A registered projection with all its settings resolved.</summary>
internal sealed record ProjectionDefinition
{
    public required string Name { get; init; }

    public required ProjectionScope Scope { get; init; }

    /// <summary>Name and version of what partitions and orders the events, for example <c>aggregate_id@1</c>.</summary>
    public required string KeySignature { get; init; }

    public required int ReadModelVersion { get; init; }

    public required bool IsResettable { get; init; }

    /// <summary>The configured number of partitions; the one in force is in the database.</summary>
    public required int Partitions { get; init; }

    public required BatchLimits Limits { get; init; }

    public required ErrorPolicy ErrorPolicy { get; init; }

    public required int MaxAttempts { get; init; }

    public required TimeSpan HandlerTimeout { get; init; }

    /// <summary>Makes the instance of one partition.</summary>
    public required Func<IProjection> Create { get; init; }

    /// <exception cref="ArgumentException">The projection's name is not allowed.</exception>
    public static ProjectionDefinition Of(Func<IProjection> create, PupOptions defaults, ProjectionOptions options)
    {
        var sample = create();
        if (CheckpointName.Problem(sample.Name) is { } problem)
            throw new ArgumentException(problem);
        return new ProjectionDefinition
        {
            Name = sample.Name,
            Scope = sample.Scope,
            KeySignature = sample switch
            {
                IBatchProjection batch => batch.KeySignature,
                IKeyedProjection keyed => $"{keyed.KeyName}@{keyed.KeyVersion}",
                _ => "aggregate_id@1",
            },
            ReadModelVersion = (sample as IReadModelProjection)?.ReadModelVersion ?? 0,
            IsResettable = sample is IResettableProjection,
            Partitions = options.Partitions ?? defaults.TotalPartitions,
            Limits = new BatchLimits(options.BatchSize ?? defaults.BatchSize, defaults.BatchBytes),
            ErrorPolicy = options.ErrorPolicy ?? defaults.ErrorPolicy,
            MaxAttempts = options.MaxAttempts ?? defaults.MaxAttempts,
            HandlerTimeout = options.HandlerTimeout ?? defaults.HandlerTimeout,
            Create = create,
        };
    }
}
