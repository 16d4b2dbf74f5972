namespace Pup.Client.Operations;

/// <summary>The projection is not in a state in which that can be done. Nothing was changed; the message says what to do.</summary>
[GenerateSerializer, Alias("Pup.ProjectionRefusedException")]
public sealed class ProjectionRefusedException(string message) : Exception(message);
