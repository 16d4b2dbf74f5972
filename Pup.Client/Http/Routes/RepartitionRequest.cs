namespace Pup.Client.Http.Routes;

/// <summary>How many partitions are wanted.</summary>
internal sealed record RepartitionRequest
{
    public required int Partitions { get; init; }
}
