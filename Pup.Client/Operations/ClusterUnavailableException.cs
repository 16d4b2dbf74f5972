namespace Pup.Client.Operations;

/// <summary>No silo answered in time. Questions are answered from the database all the same; a change may be tried again.</summary>
[GenerateSerializer, Alias("Pup.ClusterUnavailableException")]
public sealed class ClusterUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
