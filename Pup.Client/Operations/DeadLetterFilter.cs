namespace Pup.Client.Operations;

/// <summary>Which dead letters of a projection are meant; what is null does not restrict.</summary>
[GenerateSerializer, Immutable, Alias("Pup.DeadLetterFilter")]
public sealed record DeadLetterFilter
{
    /// <summary>All of them.</summary>
    public static DeadLetterFilter All { get; } = new();

    /// <summary>The one of this id.</summary>
    [Id(0)]
    public long? Id { get; init; }

    /// <summary>Those of this ordering key.</summary>
    [Id(1)]
    public string? OrderingKey { get; init; }

    /// <summary>Those whose error contains this text.</summary>
    [Id(2)]
    public string? Error { get; init; }

    /// <summary>Those after this id: the next page of a list.</summary>
    [Id(3)]
    public long? After { get; init; }

    /// <summary>At most so many, from 1 to 1,000, of a list; retry and discard take all that match.</summary>
    [Id(4)]
    public int Limit { get; init; } = 100;
}
