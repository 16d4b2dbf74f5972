namespace Pup.Client.Operations.Status;

/// <summary>A silo said that it hosts a projection.</summary>
/// <param name="Silo">Its address, generation included.</param>
/// <param name="Projection">Name of the projection.</param>
/// <param name="IsRecent">Whether it said so lately.</param>
internal sealed record HostFact(string Silo, string Projection, bool IsRecent);
