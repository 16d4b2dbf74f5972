namespace Pup.Client.Operations;

/// <summary>Which dead letters of a projection are meant; what is null does not restrict.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>All of them.</summary>
    public static DeadLetterFilter All { get; } = new();

    /// <summary>The one of this id.</summary>
    public long? Id { get; init; }

    /// <summary>Those of this ordering key.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>Those whose error contains this text.</summary>
    public string? Error { get; init; }

    /// <summary>Those after this id: the next page of a list.</summary>
    public long? After { get; init; }

    /// <summary>At most so many, from 1 to 1,000, of a list; retry and discard take all that match.</summary>
    public int Limit { get; init; } = 100;
}
