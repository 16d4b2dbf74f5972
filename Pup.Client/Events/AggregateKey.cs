namespace Pup.Client.Events;

/// <summary>Which aggregate, as one value.</summary>
internal readonly record struct AggregateKey(string BoundedContext, string AggregateType, string AggregateId)
{
    public override string ToString() => $"{BoundedContext}/{AggregateType} '{AggregateId}'";
}
