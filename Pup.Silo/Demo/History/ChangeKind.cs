namespace Pup.Silo.Demo.History;

/// <summary>What a commit did to a file. A change of mode or type is a modification.</summary>
internal enum ChangeKind
{
    Added,
    Modified,
    Deleted,
}
