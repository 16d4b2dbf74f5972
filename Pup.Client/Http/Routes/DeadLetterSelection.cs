using Pup.Client.Operations;

namespace Pup.Client.Http.Routes;

/// <summary>Which dead letters are meant. Nothing selects nothing: all of them must be asked for.</summary>
internal sealed record DeadLetterSelection
{
    /// <summary>All of them.</summary>
    public bool All { get; init; }

    /// <summary>The one of this id.</summary>
    public long? Id { get; init; }

    /// <summary>Those of this ordering key.</summary>
    public string? Key { get; init; }

    /// <summary>Those whose error contains this text.</summary>
    public string? Error { get; init; }

    public static DeadLetterSelection Of(DeadLetterFilter filter) =>
        new() { Id = filter.Id, Key = filter.OrderingKey, Error = filter.Error, All = filter is { Id: null, OrderingKey: null, Error: null } };

    /// <exception cref="MalformedRequestException">It selects nothing, or two things at once.</exception>
    public DeadLetterFilter ToFilter()
    {
        var restricts = Id is not null || Key is not null || Error is not null;
        if (All == restricts)
            throw new MalformedRequestException("Say which dead letters are meant: by id, key or error, or all of them by \"all\": true.");
        if (Error is "")
            throw new MalformedRequestException("error is empty, which every error contains; say \"all\": true if all are meant.");
        return new() { Id = Id, OrderingKey = JsonBody.Text(Key, "key"), Error = JsonBody.Text(Error, "error") };
    }
}
